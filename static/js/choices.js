// @ts-check
/** @import {Toast} from "./toast.js" */
/** @import {Transcript} from "./transcript.js" */
/** @import {ChatWithHistory} from "./types.js" */
import { ChatSettings } from "./chat-settings.js";
import { find } from "./dom.js";
import { readPresets } from "./kept-presets.js";
import { ModelName } from "./model-name.js";
import { ToolChoice } from "./tool-choice.js";
import { said, t } from "./words.js";

/** All that a chat chooses: kept by it, and for a new one sent with its first question. */
export class Choices {
  /** @param {HTMLElement} main @param {Transcript} transcript @param {Toast} toast */
  constructor(main, transcript, toast) {
    const chatId = (this.chatId = () => main.dataset.chat || null);
    const failed = (/** @type {string} */ what) => (/** @type {Error} */ error) => toast.tell(`${what} ${said(error)}`);
    this.tools = new ToolChoice(chatId, failed(t("The tools were not changed.")));
    const model = (/** @type {string | null} */ name) => this.model.show(name);
    const page = { chatId, model, tell: (/** @type {string} */ sentence) => toast.tell(sentence) };
    this.settings = new ChatSettings(find(document, "#settings", HTMLDialogElement), page);
    this.model = new ModelName(main, transcript, this.settings);
  }

  get ofNew() {
    return { ...this.tools.ofNew, ...this.settings.ofNew };
  }

  /** As the chat has them. @param {ChatWithHistory} chat */
  show(chat) {
    this.tools.show(chat.tools);
    this.settings.show(chat);
  }

  /** What the chat chose went with it: the next one begins as new ones do. */
  async clear() {
    this.tools.show([]);
    this.settings.show({ system: null, params: {} });
    const presets = await readPresets().catch(() => []);
    const usual = presets.find((preset) => preset.default);
    if (usual && !this.chatId()) this.settings.show(usual);
  }

  /** A new chat has begun, with these; what was chosen since is to be kept as well. @param {ChatWithHistory} chat */
  begun(chat) {
    this.tools.begun(chat.tools);
    this.settings.begun(chat);
  }
}
