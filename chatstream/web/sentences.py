"""What errors and tools say that readers of the page may see: there they are translated. Programs, and models, read
them in English.

`{1}` stands for a value. A test holds each to what the rest of ChatStream says.
"""

from chatstream.web.languages import N_

SENTENCES = (
    N_("The model server did not answer in time."),
    N_("The model server cannot be reached: {1}."),
    N_("The connection to the model server broke in the middle of the answer."),
    N_("The connection to the model server broke before the first token."),
    N_("The connection to the model server broke after {1} token."),
    N_("The connection to the model server broke after {1} tokens."),
    N_("The model server's response could not be read: {1}."),
    N_("The model server has too much to do ({1}): {2}"),
    N_("The model server does not take this request ({1}): {2}"),
    N_("The model server refuses our key ({1}): {2}"),
    N_("The model server failed ({1}): {2}"),
    N_("The model server reported: {1}"),
    N_("The model server answered with {1}, not with a stream of events."),
    N_("The answer took longer than {1} s, the limit set here."),
    N_("The model server ended the answer without saying that it was whole."),
    N_("The model server gave up: its reason was {1}."),
    N_("The model called tools as often as it may here, and again, instead of giving an answer."),
    N_("The server stopped unexpectedly while it wrote this answer."),
    N_("There is no model {1} here. Known models: {2}."),
    N_("There is no such chat. It may have been deleted."),
    N_("This chat was deleted in the meantime."),
    N_("This chat is not shared any more, or the link is not whole. Ask who sent it for a new one."),
    N_("There is no such message in this chat. It may have been deleted."),
    N_("This answer is still being written. Wait for its end, or stop it."),
    N_("This chat goes on at this moment. Try again."),
    N_("This server is stopping. Try again in a few seconds."),
    N_("{1} answers are being written now. Try again in a few seconds."),
    N_("The database cannot be reached now. Try again in a moment."),
    N_("Prompt cannot be empty"),
    N_("Prompt cannot exceed {1} characters"),
    N_("There are {1} presets already. Delete one first."),
    N_("This is no file of chats. Choose an export of ChatStream, ChatGPT or Open WebUI (JSON)."),
    N_("Tell the present date, time and day of the week."),
    N_("Work out an arithmetic expression."),
)
