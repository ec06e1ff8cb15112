// @ts-check
/** @typedef {(article: HTMLElement, button: HTMLButtonElement) => void} Act */

/** The buttons of the messages: what is pressed, and in which message. They are forms, which post where no script is. */
export class Actions {
  /**
   * @param {HTMLElement} transcript
   * @param {Record<string, Act>} acts by the button's `data-action`, else by its name
   */
  constructor(transcript, acts) {
    transcript.addEventListener("submit", (event) => {
      event.preventDefault();
      act(event.submitter);
    });
    transcript.addEventListener("click", (event) => {
      const button = /** @type {Element} */ (event.target).closest("button");
      if (button?.type === "button") act(button);
    });

    /** @param {HTMLElement | null} button */
    function act(button) {
      const article = button?.closest(".message");
      if (!(button instanceof HTMLButtonElement) || !(article instanceof HTMLElement)) return;
      acts[button.dataset.action ?? button.name]?.(article, button);
    }
  }
}
