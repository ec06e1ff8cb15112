// @ts-check
/** @import {Attachments} from "./attachments.js" */

/**
 * Files that are dropped anywhere on the page, or pasted into the message, are attached. A browser would leave the page for
 * one that is dropped beside the conversation.
 *
 * @param {HTMLElement} target says so while they are above it
 * @param {HTMLElement} field
 * @param {Attachments} attachments
 */
export function takeFiles(target, field, attachments) {
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    target.hidden = false;
  });
  document.addEventListener("dragleave", ({ relatedTarget }) => {
    if (!relatedTarget) target.hidden = true; // out of the window
  });
  document.addEventListener("drop", (event) => {
    target.hidden = true;
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    void attachments.add(files);
    field.focus();
  });
  field.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    // What is copied from a word processor comes as text and as a picture of it: the text is meant.
    if (files.length === 0 || event.clipboardData?.types.includes("text/plain")) return;
    event.preventDefault();
    void attachments.add(files);
  });
}
