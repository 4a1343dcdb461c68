/** An endpoint cannot be opened; the message is one line that says what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  /** True if a later attempt with the same command line can succeed. */
  readonly canPass: boolean;

  constructor(message: string, canPass: boolean) {
    super(message);
    this.canPass = canPass;
  }
}
