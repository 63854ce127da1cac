// ------------------------------------------------------------------------------------------ many draws against the theory

const MANY_ROWS = 12;

/** Counts of many draws as bars, over what is to be expected and its band. */
function paintMany(root, after, ascending, tokenAt) {
  const draws = ascending.length;
  const counts = new Map();
  for (const place of drawnPlaces(after, ascending)) counts.set(place, (counts.get(place) ?? 0) + 1);
  const shown = Math.min(MANY_ROWS, after.kept);
  const rows = Array.from({ length: shown }, (_, i) => ({ place: after.low + i, p: after.p(after.low + i), counted: counts.get(after.low + i) ?? 0 }));
  const rest = rows.reduce((left, { p, counted }) => ({ p: left.p - p, counted: left.counted - counted }), { p: 1, counted: draws });
  if (after.kept > shown) rows.push({ p: Math.max(rest.p, 0), counted: rest.counted });
  for (const row of rows) [row.low, row.high] = band(row.p, draws);

  const list = root.querySelector(".many-rows");
  while (list.childElementCount > rows.length) list.lastElementChild.remove();
  while (list.childElementCount < rows.length) buildRow(list);
  const most = Math.max(...rows.map(({ place, counted, high }) => (place === undefined ? 0 : Math.max(counted, high))));
  let outside = 0;
  rows.forEach(({ place, p, counted, low, high }, i) => {
    const [label, track, text] = list.children[i].children;
    const off = counted < low || counted > high;
    outside += off;
    list.children[i].classList.toggle("outside", off);
    if (place === undefined) writeToken(label.firstElementChild, { glyphs: [["others", `${count(after.kept - shown)} others`]], control: false });
    else writeToken(label.firstElementChild, tokenAt(place));
    const [bar, range, tick] = track.children;
    const scale = place === undefined ? draws : most;
    bar.style.width = `${(100 * counted) / scale}%`;
    range.style.left = `${(100 * low) / scale}%`;
    range.style.width = `${(100 * (high - low)) / scale}%`;
    tick.style.left = `${(100 * p * draws) / scale}%`;
    setText(text.children[0], count(counted));
    setText(text.children[1], ` ${low}–${high}${off ? (counted < low ? " ↓" : " ↑") : ""}`);
  });
  setText(root.querySelector(".many-scale"), `A token's full width: ${count(most)} draws${rows.length > shown ? `; of the others' bar: ${count(draws)}` : ""}.`);
  const fit = goodness(after, counts, draws);
  setText(root.querySelector(".many-band"), `${rows.length - outside} of ${rows.length} counts lie inside their band, in which 95 % of such counts fall: about one in twenty is outside by chance.`);
  setText(root.querySelector(".many-fit"), fitSays(fit));
  setText(root.querySelector(".many-rare"), rareSays(after, counts, draws));
  return { counted: rows.map((row) => row.counted), bands: rows.map(({ low, high }) => [low, high]), fit };
}

function buildRow(list) {
  const row = add(list, "li", "many-row");
  add(add(row, "span", "label"), "span", "token");
  const track = add(row, "span", "track");
  for (const name of ["bar", "band", "tick"]) add(track, "i", name);
  const text = add(row, "span", "counts");
  add(text, "b");
  add(text, "small");
}

function fitSays({ chiSquare, degrees, pValue }) {
  if (!degrees) return "No goodness of fit: one outcome is nearly certain.";
  const p = pValue < 0.001 ? "below 0.001" : `= ${pValue.toFixed(3)}`;
  const meaning = pValue < 0.05 ? "a rare seed" : "nothing unusual";
  return `Goodness of fit over ${degrees + 1} groups of tokens (the rare ones together): χ² = ${chiSquare.toFixed(1)}, ${degrees} degrees of freedom, p-value ${p}: fair draws lie at least this far off ${often(pValue).replace("draws", "times")} (${meaning}).`;
}

/** How often a token of one per cent or less came, all of them together. */
function rareSays(after, counts, draws) {
  let [mass, kinds, counted] = [0, 0, 0];
  for (let place = after.low; place < after.high; place++) {
    const p = after.weight[place] / after.total;
    if (p > 0.01) continue;
    mass += p;
    kinds++;
    counted += counts.get(place) ?? 0;
  }
  if (!kinds) return "No token that is left has 1 % or less.";
  return `“Why a 1 % token?” ${tokens(kinds)} of 1 % or less have ${percent(mass)} together, and came ${count(counted)} times in ${count(draws)}.`;
}
