// @ts-check
// All chats were deleted on this page: tabs that are open show that (tabs.js).
new BroadcastChannel("chats").postMessage({ what: "cleared", chat: {} });
