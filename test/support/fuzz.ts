/**
 * How many generated inputs a test tries. By default as many as meet all paths of what it tests many times over;
 *
 *   GREYD_FUZZ=20   tries twenty times as many
 */
const FACTOR = Number(process.env.GREYD_FUZZ ?? 1);

export const inputs = (byDefault: number): number => Math.ceil(byDefault * FACTOR);
