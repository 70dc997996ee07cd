// Before the first paint, and so no module: the theme that was chosen here, if one was.
try {
  const theme = localStorage.getItem("sentiq.theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // no storage: that of the system
}
