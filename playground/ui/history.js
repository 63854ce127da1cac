// One entry in the browser's history for one act of the person, so that one press of Back undoes one click.
// Streamlit pushes an entry for every change of the address, and a click may cause several: the page, then each input.
// A push without a click or a key since the last one corrects that entry instead.
if (!window.__oneEntryAnAct) {
  window.__oneEntryAnAct = true;
  let acted = false;
  for (const act of ["pointerdown", "keydown", "drop", "paste"]) window.addEventListener(act, () => { acted = true; }, true);
  window.addEventListener("click", (event) => { acted ||= event.detail === 0; }, true); // by a screen reader: no pointer
  window.addEventListener("one-entry", () => { acted = true; }); // sent along with a class, out of its room
  const push = history.pushState.bind(history), replace = history.replaceState.bind(history);
  history.pushState = (...state) => {
    (acted ? push : replace)(...state);
    acted = false;
  };
}
