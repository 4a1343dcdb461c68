/**
 * What is to happen, handed out in order of time; what was added first goes first at the same time. A binary heap.
 */
export class Agenda<T> {
  readonly #heap: { readonly at: number; readonly number: number; readonly what: T }[] = [];
  #added = 0;

  add(at: number, what: T): void {
    this.#heap.push({ at, number: this.#added, what });
    this.#added += 1;
    for (let child = this.#heap.length - 1; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (!this.#swapIfEarlier(child, parent)) return;
      child = parent;
    }
  }

  /** Takes out what is next; undefined: nothing is left. */
  next(): { readonly at: number; readonly what: T } | undefined {
    const [first] = this.#heap;
    const last = this.#heap.pop();
    if (first === undefined || last === undefined || first === last) return first;
    this.#heap[0] = last;
    for (let parent = 0; ; ) {
      const [left, right] = [2 * parent + 1, 2 * parent + 2];
      const child = this.#isEarlier(right, left) ? right : left;
      if (!this.#swapIfEarlier(child, parent)) return first;
      parent = child;
    }
  }

  #swapIfEarlier(child: number, parent: number): boolean {
    const [a, b] = [this.#heap[child], this.#heap[parent]];
    if (a === undefined || b === undefined || !this.#isEarlier(child, parent)) return false;
    this.#heap[parent] = a;
    this.#heap[child] = b;
    return true;
  }

  #isEarlier(one: number, other: number): boolean {
    const [a, b] = [this.#heap[one], this.#heap[other]];
    if (a === undefined || b === undefined) return false;
    return a.at < b.at || (a.at === b.at && a.number < b.number);
  }
}
