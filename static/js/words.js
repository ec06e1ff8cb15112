// @ts-check
// What the page's scripts say, in the reader's language. Texts stand in English where they are used; the server sends
// the others with the page (`_words.html`). To be found for translation, they are called with texts in double quotes.

const element = document.querySelector("#words");
/** @type {Record<string, string | Record<string, string>>} plurals by the language's kinds of number: "one", "few" */
const texts = element ? JSON.parse(element.textContent ?? "{}") : {};
/** For figures and dates as they are written in that language, with the digits of the rest of the page. */
export const language = `${document.documentElement.lang || "en"}-u-nu-latn`;
/** Errors' sentences with values, `{1}`: what they look like in English, and in the language. */
const patterns = Object.entries(texts)
  .filter(([english]) => /\{1\}/.test(english))
  .map(([english, text]) => /** @type {const} */ ([new RegExp(`^${english.split(/\{\d\}/).map(literally).join("(.+?)")}$`, "s"), String(text)]));
const kinds = new Intl.PluralRules(language);
const formats = [0, 1].map((digits) => new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }));

/**
 * @param {string} english with `{name}` where a value stands
 * @param {Record<string, string | number>} [values]
 */
export function t(english, values = {}) {
  return filled(String(texts[english] ?? english), values);
}

/** Of a number of things. @param {string} one @param {string} other with `{number}` @param {number} count */
export function tn(one, other, count) {
  const forms = texts[one];
  const english = count === 1 ? one : other;
  const text = typeof forms === "object" ? forms[kinds.select(count)] ?? forms.other : english;
  return filled(text ?? english, { number: number(count) });
}

/** @param {number} value @param {0 | 1} [digits] after the point */
export function number(value, digits = 0) {
  return /** @type {Intl.NumberFormat} */ (formats[digits]).format(value);
}

/** An error's sentence, which servers say in English. @param {{message: string}} error */
export function said({ message }) {
  const found = patterns.map(([pattern, text]) => /** @type {const} */ ([pattern.exec(message), text])).find(([match]) => match);
  return found ? filled(found[1], Object.fromEntries(Object.entries(found[0] ?? []))) : t(message);
}

/** @param {string} text @param {Record<string, string | number>} values */
function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (place, name) => String(values[name] ?? place));
}

/** @param {string} text as a pattern that matches it alone */
function literally(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
