// @ts-check

/** A line that is read from its beginning, in columns: a tab reaches to the next multiple of four. */
export class Line {
  /** Where what was not read yet begins, in characters and in columns; `spare` columns of a tab are still to come. */
  #at = 0;
  #column = 0;
  #spare = 0;

  /** @param {string} text without its end */
  constructor(text) {
    this.text = text;
  }

  /** What was not read yet. A tab of which a part was read is so many spaces. */
  get rest() {
    return " ".repeat(this.#spare) + this.text.slice(this.#at);
  }

  get blank() {
    return this.text.slice(this.#at).trim() === "";
  }

  /** By how many columns the rest is indented. */
  get indent() {
    let column = this.#column + this.#spare;
    for (const char of this.text.slice(this.#at)) {
      if (char === " ") column += 1;
      else if (char === "\t") column += 4 - (column % 4);
      else break;
    }
    return column - this.#column;
  }

  /** Read white space. @param {number} columns at most */
  skip(columns) {
    for (let left = columns; left > 0; left -= 1) {
      if (this.#spare > 0) this.#spare -= 1;
      else if (this.text[this.#at] === " ") this.#at += 1;
      else if (this.text[this.#at] === "\t") {
        this.#spare = 3 - (this.#column % 4);
        this.#at += 1;
      } else return;
      this.#column += 1;
    }
  }

  /** Read the indentation, and so many characters after it. @param {number} count */
  take(count) {
    this.skip(this.indent);
    this.#at += count;
    this.#column += count;
  }
}
