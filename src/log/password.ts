/**
 * Passwords, as the URL of a shared store may hold one, in what others can read: messages, ps(1), the log.
 */

/** Returns the text with `***` in place of each password in a URL. */
export function withoutPassword(text: string): string {
  return text.replace(/(:\/\/[^:]*:).*@/gs, '$1***@').replace(/([?&]password=)[^&\s]*/g, '$1***');
}
