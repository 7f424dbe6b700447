/** What the session view says about touch, keys, prompts and size. With it, so that the first page does not carry it. */
import { language } from "../strings";

export const en = {
  selection: "Selected text",
  copy: "Copy",
  copied: "Copied",
  notCopied: "The browser did not let it onto the clipboard",
  share: "Share",
  toPrompt: "To the prompt",
  selectScreen: "All on screen",
  unselect: "Let go",
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
};

export const words: Words = language === "zh-CN" ? zhCN : en;
