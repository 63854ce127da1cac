// What a presenter needs from the browser. The document's data-present says what is on; `large` is a matter of style.
//   laser   a ring around the control that was touched last; it fades
//   lesson  N or → and P or ← go through a lesson's steps, unless a control has the focus
if (!window.__presenter) {
  window.__presenter = true;
  const TAKES_KEYS = "input, textarea, select, video, iframe, [contenteditable], [role=slider], [role=radio], [role=tab], "
    + "[role=combobox], [role=listbox], [role=option], [role=grid], [role=menu], [role=spinbutton]";
  // What a lesson's step speaks of is brought to the top: a heading by its text, or an element by its key. Figures above
  // it may still grow for a while, so it is looked for again until it stays, or the reader does something.
  let bringing = 0;
  window.__bring = (name) => {
    const main = document.querySelector("[data-testid=stMain]"), turn = ++bringing;
    const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
    const stop = () => { if (turn === bringing) bringing++; };
    for (const act of ["wheel", "touchstart", "pointerdown", "keydown"]) {
      window.addEventListener(act, stop, { capture: true, once: true, passive: true });
    }
    let aim = null;
    const look = (left) => {
      if (turn !== bringing || !left) return;
      const found = [...main.querySelectorAll("h2, h3, h4")].find((e) => e.textContent.trim() === name)
        ?? main.querySelector(`.st-key-${CSS.escape(name.replace(/[^\w-]/g, "-"))}`);
      if (found) {
        const top = main.scrollTop + found.getBoundingClientRect().top - main.getBoundingClientRect().top - 56;
        if (aim === null || Math.abs(top - aim) > 4) main.scrollTo({ top: aim = top, behavior });
      }
      setTimeout(look, 300, left - 1);
    };
    look(12);
  };
  let ring = null, ringed = null;
  const show = (event) => {
    if (!/\blaser\b/.test(document.documentElement.dataset.present ?? "")) return;
    if (event.type === "keydown" && ["Tab", "Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
    const path = event.composedPath().filter((e) => e instanceof Element);
    if (!path.some((e) => e.dataset.testid === "stMain")) return;
    let box = path.find((e) => e.matches(".control, summary, [data-testid=stElementContainer]"));
    if (box?.getBoundingClientRect().height > innerHeight / 4) { // a whole figure: only what was touched in it
      box = path.find((e) => e.matches("button, label, input, a, [role=button], [role=slider], td, [tabindex]")) ?? box;
    }
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
