/** What the session view says about touch, keys, prompts and size. With it, so that the first page does not carry it. */
import { language } from "../strings";
import type { Slot } from "./slots";

/** What is on the keys: the same in every language. */
const KEYS = {
  esc: "Esc", "shift-tab": "⇧Tab", tab: "Tab", ctrl: "Ctrl", alt: "Alt", enter: "⏎", newline: "⇧⏎", backspace: "⌫",
  up: "↑", down: "↓", left: "←", right: "→", pgup: "PgUp", pgdn: "PgDn", home: "Home", end: "End", insert: "Ins", delete: "Del",
  "ctrl-c": "^C", "ctrl-d": "^D", "ctrl-z": "^Z", "ctrl-r": "^R", "ctrl-l": "^L", "ctrl-o": "^O", "ctrl-t": "^T",
  slash: "/", pipe: "|", tilde: "~", dash: "-", underscore: "_", backslash: "\\", backtick: "`", at: "@", hash: "#", dollar: "$", exclamation: "!",
  f1: "F1", f2: "F2", f3: "F3", f4: "F4", f5: "F5", f6: "F6", f7: "F7", f8: "F8", f9: "F9", f10: "F10", f11: "F11", f12: "F12",
  "font-down": "A−", "font-up": "A+",
} satisfies Record<Slot, string>; // prettier-ignore

export const en = {
  selection: "Selected text",
  copy: "Copy",
  copied: "Copied",
  notCopied: "The browser did not let it onto the clipboard",
  share: "Share",
  toPrompt: "To the prompt",
  selectScreen: "All on screen",
  unselect: "Let go",

  toLatest: "Newest output",

  keyBar: "Extra keys",
  moreKeys: (page: number, pages: number) => `More keys, page ${page} of ${pages}`,
  keyboard: "Keyboard",
  keyLocked: "locked until tapped again",
  keys: KEYS,
  keyNames: {
    esc: "Escape", "shift-tab": "Shift Tab", tab: "Tab", ctrl: "Control, for the next key", alt: "Alt, for the next key", enter: "Enter", newline: "New line, without sending", backspace: "Backspace",
    up: "Up", down: "Down", left: "Left", right: "Right", pgup: "Page up", pgdn: "Page down", home: "Home", end: "End", insert: "Insert", delete: "Delete",
    "ctrl-c": "Control C", "ctrl-d": "Control D", "ctrl-z": "Control Z", "ctrl-r": "Control R", "ctrl-l": "Control L", "ctrl-o": "Control O", "ctrl-t": "Control T",
    slash: "Slash", pipe: "Vertical bar", tilde: "Tilde", dash: "Hyphen", underscore: "Underscore", backslash: "Backslash", backtick: "Backtick", at: "At", hash: "Hash", dollar: "Dollar", exclamation: "Exclamation mark",
    f1: "F1", f2: "F2", f3: "F3", f4: "F4", f5: "F5", f6: "F6", f7: "F7", f8: "F8", f9: "F9", f10: "F10", f11: "F11", f12: "F12",
    "font-down": "Smaller letters", "font-up": "Larger letters",
  } satisfies Record<Slot, string>, // prettier-ignore
  snippets: "Own phrases",
  snippetsHint: "One touch types them. Without “send” a phrase is put into the prompt. They are this device's.",
  snippetSend: "send",
  snippetNew: "A new phrase",
  snippetAdd: "Add",
  earlierPrompt: "Earlier prompt",

  leaveHint: (key: string) => `Tab stays in the terminal; ${key} leaves it`,
  left: "You left the terminal. Enter on its tab goes back.",

  picture: "Picture",
  pictureHint: "Give the agent a picture: its path is typed",
  pictureDrop: "Drop it here: the agent gets its path",
  pictureSending: (percent: number) => `Sending the picture: ${percent} %`,
  pictureObserving: "Only who controls the session gives it pictures. Take control first.",
  pictureRefused: (why: string) => `The picture was not taken: ${why}`,
  pictureUnreachable: "The picture was not taken: the gateway does not answer",

  editKeys: "Keys of the bar",
  editKeysHint: "Tap a key to move or remove it, or one below to add it. The choice is this device's.",
  keysOnBar: "On the bar",
  keysSpare: "More keys",
  keysAll: "All of them are on the bar.",
  keyEarlier: "Earlier",
  keyLater: "Later",
  keyRemove: "Remove",
  keysReset: "As it was",
  done: "Done",

  fit: "Fit",
  fitHint: "Make the session's size that of this screen",
  size: (cols: number, rows: number) => `${cols}×${rows}`,
  sizeOf: (cols: number, rows: number, who: string) => `${cols}×${rows}, size of ${who}`,
  sizeElsewhere: (cols: number, rows: number) => `${cols}×${rows}, sized elsewhere`,
  lockSize: "Lock",
  lockSizeHint: "Typing here leaves the session the size that it has",
  font: "Letters",
  fontSmaller: "Smaller letters",
  fontLarger: "Larger letters",
};

export type Words = typeof en;

export const zhCN: Words = {
  selection: "选中的文字",
  copy: "复制",
  copied: "已复制",
  notCopied: "浏览器不允许写入剪贴板",
  share: "分享",
  toPrompt: "放入提示框",
  selectScreen: "选中整屏",
  unselect: "取消选择",

  toLatest: "最新输出",

  keyBar: "附加按键",
  moreKeys: (page: number, pages: number) => `更多按键，第 ${page} 页，共 ${pages} 页`,
  keyboard: "键盘",
  keyLocked: "已锁定，再点一次松开",
  keys: KEYS,
  keyNames: {
    esc: "退出键", "shift-tab": "Shift 加 Tab", tab: "制表键", ctrl: "Control，作用于下一个键", alt: "Alt，作用于下一个键", enter: "回车", newline: "换行，不发送", backspace: "退格",
    up: "上", down: "下", left: "左", right: "右", pgup: "上一页", pgdn: "下一页", home: "行首", end: "行尾", insert: "插入", delete: "删除",
    "ctrl-c": "Control 加 C", "ctrl-d": "Control 加 D", "ctrl-z": "Control 加 Z", "ctrl-r": "Control 加 R", "ctrl-l": "Control 加 L", "ctrl-o": "Control 加 O", "ctrl-t": "Control 加 T",
    slash: "斜杠", pipe: "竖线", tilde: "波浪号", dash: "连字符", underscore: "下划线", backslash: "反斜杠", backtick: "反引号", at: "at 符号", hash: "井号", dollar: "美元符号", exclamation: "感叹号",
    f1: "F1", f2: "F2", f3: "F3", f4: "F4", f5: "F5", f6: "F6", f7: "F7", f8: "F8", f9: "F9", f10: "F10", f11: "F11", f12: "F12",
    "font-down": "缩小文字", "font-up": "放大文字",
  }, // prettier-ignore
  snippets: "常用语",
  snippetsHint: "点一下即可输入。未选“发送”的会放入提示框。它们只属于这台设备。",
  snippetSend: "发送",
  snippetNew: "新的常用语",
  snippetAdd: "添加",
  earlierPrompt: "之前的提示",

  leaveHint: (key: string) => `Tab 键留在终端内；${key} 离开终端`,
  left: "已离开终端。在其标签上按回车可返回。",

  picture: "图片",
  pictureHint: "给代理一张图片：会输入它的路径",
  pictureDrop: "放在这里：代理会得到它的路径",
  pictureSending: (percent: number) => `正在发送图片：${percent} %`,
  pictureObserving: "只有控制会话的人才能给它图片。请先取得控制。",
  pictureRefused: (why: string) => `图片未被接收：${why}`,
  pictureUnreachable: "图片未被接收：网关没有回应",

  editKeys: "按键栏的按键",
  editKeysHint: "点一个按键可移动或移除它，点下面的按键可添加。此选择只对这台设备有效。",
  keysOnBar: "按键栏上",
  keysSpare: "更多按键",
  keysAll: "全部按键都已在按键栏上。",
  keyEarlier: "前移",
  keyLater: "后移",
  keyRemove: "移除",
  keysReset: "恢复默认",
  done: "完成",

  fit: "适应",
  fitHint: "把会话的尺寸设为此屏幕的尺寸",
  size: (cols: number, rows: number) => `${cols}×${rows}`,
  sizeOf: (cols: number, rows: number, who: string) => `${cols}×${rows}，尺寸由 ${who} 决定`,
  sizeElsewhere: (cols: number, rows: number) => `${cols}×${rows}，尺寸由别处决定`,
  lockSize: "锁定",
  lockSizeHint: "在这里输入不改变会话的尺寸",
  font: "文字大小",
  fontSmaller: "缩小文字",
  fontLarger: "放大文字",
};

export const words: Words = language === "zh-CN" ? zhCN : en;
