// The four aligned rows: characters, code points, bytes, tokens. A click on a token lights what it is made of; Python
// is told, so that the address and the stages below follow. Texts come from a person: they are set as text, never markup.

export default function ({ data, parentElement, setTriggerValue }) {
  let root = parentElement.querySelector(".strip");
  if (!root) {
    root = document.createElement("div");
    root.className = "strip";
    root.setAttribute("role", "listbox");
    root.setAttribute("aria-label", "Tokens over their bytes, code points and characters");
    parentElement.append(root, element("p", "further", "↓ Scroll in here for the rest"));
    root.onscroll = () => sayWhetherCut(root);
    new ResizeObserver(root.onscroll).observe(root);
  }
  root.style.setProperty("--accent", data.accent);
  root.style.setProperty("--bad", data.bad);
  const pick = (index) => {
    light(root, index);
    setTriggerValue("token", index);
  };
  if (root.signature !== data.signature) {
    root.signature = data.signature;
    draw(root, data, pick);
    sayWhetherCut(root);
  }
  root.picked = data.token;
  light(root, data.token);
}

/** A row may end exactly at the lower edge, and many systems hide scroll bars: fade it out and say so. */
function sayWhetherCut(root) {
  root.classList.toggle("cut", root.scrollHeight - root.clientHeight - root.scrollTop > 4);
}

function element(tag, name = "", text = "") {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text) made.textContent = text;
  return made;
}

const glyphNodes = (glyphs) =>
  glyphs.map(([kind, shown]) => element(kind === "text" ? "span" : kind === "bytes" || kind === "code point" ? "code" : "i", "", shown));

const at = (node, row, column, width) => {
  node.style.gridArea = `${row} / ${column + 1} / auto / span ${width}`;
  return node;
};

function draw(root, data, pick) {
  const blocks = data.blocks.map((block) => {
    const box = element("div", "block");
    let used = 0;
    for (const { place, glyphs, code, bytes, at: column } of block.characters) {
      const character = at(element("b"), 1, column, bytes.length);
      character.append(...glyphNodes(glyphs));
      const point = at(element("small", "", code), 2, column, bytes.length);
      for (const node of [character, point]) node.dataset.character = place;
      box.append(character, point);
      bytes.forEach((hex, i) => {
        const byte = at(element("code", "byte", hex), 3, column + i, 1);
        byte.dataset.byte = block.first_byte + column + i;
        box.append(byte);
      });
      used = column + bytes.length;
    }
    if (block.left_out) box.append(at(element("small", "", block.left_out), 1, used++, 1));
    const columns = Math.max(1, used);
    const row = block.tokens.some((token) => token.at === undefined) ? at(element("div", "row"), 4, 0, columns) : box;
    for (const token of block.tokens) row.append(tokenButton(root, token, pick));
    if (row !== box) box.append(row);
    if (!block.tokens.length) box.append(at(element("em", "", "no token"), 4, 0, columns));
    return box;
  });
  if (data.more) blocks.push(element("em", "more", data.more));
  if (!blocks.length) blocks.push(element("em", "more", "nothing to show"));
  root.replaceChildren(...blocks);
}

function tokenButton(root, token, pick) {
  const made = element("button", `token ${token.kind}`);
  made.type = "button";
  made.title = token.title;
  made.setAttribute("role", "option");
  made.setAttribute("aria-label", token.title);
  made.style.setProperty("--tint", token.tint);
  const word = element("span");
  word.append(...(token.glyphs.length ? glyphNodes(token.glyphs) : [element("i", "", "∅")]));
  made.append(word, element("small", "", String(token.id)));
  made.token = token;
  if (token.at !== undefined) at(made, 4, token.at, Math.max(1, token.byte_end - token.byte_start));
  made.onclick = () => pick(token.index);
  made.onpointerenter = () => light(root, token.index, false);
  made.onpointerleave = () => light(root, root.picked, false);
  made.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const all = [...root.querySelectorAll(".token")];
    const next = all[all.indexOf(made) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.click();
  };
  return made;
}

/** Light a token with its characters, code points and bytes; `settled` also says so to a screen reader. */
function light(root, index, settled = true) {
  if (settled) root.picked = index;
  const all = [...root.querySelectorAll(".token")];
  const chosen = all.find((one) => one.token.index === index)?.token;
  for (const one of all) {
    const on = one.token.index === index;
    one.classList.toggle("on", on);
    if (!settled) continue;
    one.setAttribute("aria-selected", String(on));
    one.tabIndex = on || (!chosen && one === all[0]) ? 0 : -1;
  }
  const within = (value, from, to) => chosen !== undefined && value >= from && value < to;
  for (const node of root.querySelectorAll("[data-character]")) node.classList.toggle("on", within(+node.dataset.character, chosen?.start, chosen?.end));
  for (const node of root.querySelectorAll("[data-byte]")) node.classList.toggle("on", within(+node.dataset.byte, chosen?.byte_start, chosen?.byte_end));
}
