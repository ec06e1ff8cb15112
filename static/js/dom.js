// @ts-check

/**
 * The one element that matches, of the given class: the page's markup promises it.
 *
 * @template {Element} T
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} type
 * @returns {T}
 */
export function find(root, selector, type) {
  const element = root.querySelector(selector);
  if (element instanceof type) return element;
  throw new Error(`The page lacks ${selector}.`);
}

/** What has the focus has it again after a change that takes it out of the page and puts it back. @param {() => void} change */
export function keepFocus(change) {
  const focused = document.activeElement;
  change();
  if (focused instanceof HTMLElement && focused.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true });
}

/**
 * A fresh copy of an element inside a `<template>`.
 *
 * @param {string} template the template's selector
 * @param {string} selector the element inside
 * @returns {HTMLElement}
 */
export function copy(template, selector) {
  const inside = find(document, template, HTMLTemplateElement).content;
  const element = document.importNode(find(inside, selector, HTMLElement), true);
  return element;
}
