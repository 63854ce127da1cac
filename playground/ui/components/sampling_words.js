// ------------------------------------------------------------------------------------------- numbers and tokens as text

const count = (n) => n.toLocaleString("en-US");
const fixed = (v, digits) => (v > 0 && v < 10 ** -digits ? v.toExponential(0) : v.toFixed(digits).replace(/(\.\d\d)0$/, "$1"));

/** Three digits or so, at any size: 77.1 %, 0.24 %, 0.0042 %, 3·10⁻⁷ %. */
function percent(p) {
  const v = 100 * p;
  if (p === 0) return "0 %";
  if (v > 99.95 && p < 1) return "> 99.9 %";
  if (v >= 9.995) return `${v.toFixed(1)} %`;
  if (v >= 0.095) return `${v.toFixed(2)} %`;
  if (v >= 0.00095) return `${v.toPrecision(2)} %`;
  const [digit, power] = v.toExponential(0).split("e-");
  return `${digit}·10⁻${[...power].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]).join("")} %`;
}

const tokens = (n) => `${count(n)} token${n === 1 ? "" : "s"}`;
const often = (p) => (p >= 0.005 ? `${+(100 * p).toPrecision(2)} of 100 draws` : `${+(1e6 * p).toPrecision(2)} of a million draws`);

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A new element inside `parent`. */
function add(parent, tag, className = "", text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  parent.append(made);
  return made;
}

/** A token's glyphs as spans: text goes in as text, never as markup. */
function writeToken(element, token) {
  if (element.token === token) return;
  element.token = token;
  element.replaceChildren();
  for (const [kind, shown] of token.glyphs) add(element, "span", kind.replace(" ", "-"), shown);
  element.classList.toggle("control-token", token.control);
}

const spoken = (token) => token.glyphs.map(([kind, shown]) => ({ space: "space ".repeat(shown.length), newline: "line end ", tab: "tab " })[kind] ?? shown).join("").trim();
