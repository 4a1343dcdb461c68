/**
 * What tests read out of Markdown: text without code, headings as anchors, links, words.
 *
 * Known limits: headings are written with `#`, code blocks are indented by four spaces, and link texts
 * have no brackets in them.
 */

/** The text without code blocks and without `code`. */
export function withoutCode(markdown: string): string {
  return withoutBlocks(markdown).replace(/`[^`]*`/g, '');
}

function withoutBlocks(markdown: string): string {
  return markdown
    .split('\n\n')
    .filter((block) => !/^ {4}/.test(block.replace(/^\n+/, '')))
    .join('\n\n');
}

/** The anchors that GitHub makes of the headings. */
export function anchorsOf(markdown: string): string[] {
  const headings = withoutBlocks(markdown).matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, heading = '']) =>
    heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  );
}

/** The targets of all links and pictures. */
export function linksOf(markdown: string): string[] {
  return [...withoutBlocks(markdown).matchAll(/\[[^\]]*\]\(\s*([^)\s]+)\s*\)/g)].map(
    ([, target = '']) => target,
  );
}

/** How many words there are, those of code and tables included. */
export function wordCount(markdown: string): number {
  return markdown.split(/\s+/).filter(Boolean).length;
}
