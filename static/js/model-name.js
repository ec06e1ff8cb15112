// @ts-check
/** @import {ChatSettings} from "./chat-settings.js" */
/** @import {Transcript} from "./transcript.js" */
import { find } from "./dom.js";
import { ModelPicker } from "./model-picker.js";
import { t } from "./words.js";

/** The model that answers in the open chat: named in the bar, where another is chosen, in the message box, and where it is awaited. */
export class ModelName {
  /** @param {HTMLElement} main @param {Transcript} transcript @param {ChatSettings} settings */
  constructor(main, transcript, settings) {
    this.transcript = transcript;
    this.usual = main.dataset.defaultModel ?? t("the model");
    this.name = find(main, "#model-name", HTMLElement);
    this.field = find(main, "#prompt", HTMLTextAreaElement);
    const present = () => settings.present.params.model ?? null;
    const choose = (/** @type {string | null} */ model) => settings.choose(model);
    new ModelPicker(find(document, "#picker", HTMLDialogElement), find(main, "#model", HTMLButtonElement), { present, choose });
    find(main, "#show-settings", HTMLElement).addEventListener("click", () => {
      find(main, "#topbar-menu", HTMLDetailsElement).open = false;
      settings.open();
    });
  }

  /** @param {string | null} model null: the default one */
  show(model) {
    const name = model ?? this.usual;
    if (this.name.textContent === name) return;
    this.transcript.model = this.name.textContent = name;
    this.field.placeholder = t("Ask {model}", { model: name });
  }
}
