// Before the first paint: the chosen theme and language, so that nothing flashes. Not a module: modules come later.
(function () {
  var root = document.documentElement;
  var theme = null;
  var language = null;
  try {
    theme = localStorage.getItem("tether.theme");
    language = localStorage.getItem("tether.language");
  } catch (_) {
    // A browser that keeps nothing shows what it would show a stranger.
  }
  if (theme === "light" || theme === "dark" || theme === "contrast") root.dataset.theme = theme;
  root.lang = language === "zh-CN" || (language !== "en" && /^zh/i.test(navigator.language)) ? "zh-CN" : "en";
})();
