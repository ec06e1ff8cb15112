// @ts-check

/** Counts as the end: browsers round scroll positions. */
const SLACK_PX = 2;

/**
 * Follows the end of the page while the reader is there. What the page does never counts as the reader's doing: growth
 * does not move the scroll position, so only a reader moves it up, and only arriving at the very end follows again.
 */
export class EndFollower {
  #following = false;
  #top = 0;

  /**
   * @param {HTMLElement} jump the button that leads back to the end
   * @param {HTMLElement[]} growing what may change its height by itself: what stands below the text, and a text that is laid
   *   out as it comes into view
   */
  constructor(jump, ...growing) {
    this.jump = jump;
    window.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    const sizes = new ResizeObserver(() => this.keep(() => {}));
    for (const element of growing) sizes.observe(element);
    jump.addEventListener("click", () => this.toEnd());
  }

  /** Whether the reader is at the end, and what is above it may move. */
  get following() {
    return this.#following;
  }

  /** Change the page; stay at the end if the reader was there. @param {() => void} change */
  keep(change) {
    this.#scrolled(); // the reader may have scrolled since the last frame, and the event is still to come
    change();
    if (this.#following) this.#go();
    this.#show();
  }

  /** Change what stands above an element, which stays where the reader sees it. @param {Element | null} element @param {() => void} change */
  keepInPlace(element, change) {
    const before = element?.getBoundingClientRect().top ?? 0;
    const { style } = document.documentElement;
    style.overflowAnchor = "none"; // some browsers would do the same, others would not, and none at the very top
    change();
    this.#page.scrollTop += (element?.getBoundingClientRect().top ?? 0) - before;
    this.#top = this.#page.scrollTop;
    requestAnimationFrame(() => (style.overflowAnchor = ""));
    this.#show();
  }

  /** Let others take the place of what stands from an element on: they begin where the reader saw it. @param {Element} old @param {() => Element | undefined} change gives the first of them */
  exchange(old, change) {
    const field = document.querySelector(".edit"); // where a message above is being edited, the reader sees that
    const written = field && field.compareDocumentPosition(old) & Node.DOCUMENT_POSITION_FOLLOWING ? field : null;
    const before = (written ?? old).getBoundingClientRect().top;
    const { style } = document.documentElement;
    style.overflowAnchor = "none";
    const first = change();
    requestAnimationFrame(() => (style.overflowAnchor = ""));
    const seen = written ?? first;
    if (seen) this.#page.scrollTop += seen.getBoundingClientRect().top - before;
    this.#top = this.#page.scrollTop;
    this.#following = this.#left <= SLACK_PX;
    this.#show();
  }

  toEnd() {
    this.#following = true;
    this.#go();
    this.#show();
  }

  toStart() {
    this.#following = false;
    this.#page.scrollTop = this.#top = 0;
    this.#show();
  }

  get #page() {
    return /** @type {Element} */ (document.scrollingElement);
  }

  get #left() {
    return this.#page.scrollHeight - this.#page.clientHeight - this.#page.scrollTop;
  }

  #go() {
    this.#page.scrollTop = this.#page.scrollHeight;
    this.#top = this.#page.scrollTop;
  }

  #scrolled() {
    const top = this.#page.scrollTop;
    if (this.#left <= SLACK_PX) this.#following = true;
    else if (top < this.#top) this.#following = false;
    this.#top = top;
    this.#show();
  }

  #show() {
    this.jump.hidden = this.#following || this.#left < this.#page.clientHeight / 4;
  }
}
