// @ts-check
// What the page's scripts say, in the reader's language. Texts stand in English where they are used; the server sends
// the others with the page (`_words.html`). To be found for translation, `t` is called with a text in double quotes.

const element = document.querySelector("#words");
/** @type {Record<string, string>} */
const texts = element ? JSON.parse(element.textContent ?? "{}") : {};
/** For figures and dates as they are written in that language. */
export const language = document.documentElement.lang;

/**
 * @param {string} english with `{name}` where a value stands
 * @param {Record<string, string | number>} [values]
 */
export function t(english, values = {}) {
  return (texts[english] ?? english).replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}
