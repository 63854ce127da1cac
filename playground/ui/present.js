// What a presenter needs from the browser. The document's data-present says what is on; `large` is a matter of style.
//   laser   a ring around the control that was touched last; it fades
//   lesson  N or → and P or ← go through a lesson's steps, unless a control has the focus
if (!window.__presenter) {
  window.__presenter = true;
  const TAKES_KEYS = "input, textarea, select, video, iframe, [contenteditable], [role=slider], [role=radio], [role=tab], "
    + "[role=combobox], [role=listbox], [role=option], [role=grid], [role=menu], [role=spinbutton]";
  let ring = null, ringed = null;
  const show = (event) => {
    if (!/\blaser\b/.test(document.documentElement.dataset.present ?? "")) return;
    if (event.type === "keydown" && ["Tab", "Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
    const path = event.composedPath().filter((e) => e instanceof Element);
    if (!path.some((e) => e.dataset.testid === "stMain")) return;
    const box = path.find((e) => e.matches(".control, [data-testid=stElementContainer]"));
    if (!box || box === ringed && ring?.currentTime < 400) return;
    ring?.cancel();
    ringed = box;
    const seen = { outline: "4px solid var(--laser)", outlineOffset: "5px", borderRadius: "6px" };
    ring = box.animate([seen, { ...seen, offset: 0.6 }, { ...seen, outline: "4px solid transparent" }], 3000);
  };
  for (const act of ["pointerdown", "input", "change", "keydown"]) window.addEventListener(act, show, true);
  window.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.composedPath().some((e) => e instanceof Element && e.matches(TAKES_KEYS))) return;
    const which = { ArrowRight: "next", n: "next", N: "next", ArrowLeft: "back", p: "back", P: "back" }[event.key];
    const button = which && document.querySelector(`[class*="st-key-lesson-${which}"] a`);
    if (!button) return;
    event.preventDefault();
    button.click();
  });
}
