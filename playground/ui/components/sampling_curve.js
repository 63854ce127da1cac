// ------------------------------------------------------------------------------------------------- the cumulative curve

const INSIDE = 0.03; // labels nearer to the top or bottom than this are pushed inside

/** How much the n most probable tokens have together, before the cuts and after them. */
class Curve {
  constructor(root) {
    this.find = (name) => root.querySelector(`.${name}`);
    this.store = {};
  }

  x(n) {
    return (100 * Math.log(n / 0.8)) / Math.log(this.n / 0.8);
  }

  paint(settings, after, place, u, drawn) {
    if (this.n !== after.n) this.axis(after.n);
    const before = after.edges ?? after.uncut;
    const input = before && { low: 0, high: after.high, ...before };
    this.find("curve-after").setAttribute("d", this.path("after", after));
    this.find("curve-before").setAttribute("d", input ? this.path("before", input) : "");
    const at = this.x(place + 1);
    this.find("curve-u").setAttribute("d", `M0,${100 - 100 * u}H${at}V100`);
    mark(this.find("dot"), at, u);
    mark(this.find("u-label"), at, u);
    setText(this.find("u-label").firstElementChild, `u = ${u.toFixed(4)} → `);
    writeToken(this.find("u-label").lastElementChild, drawn);
    const { edges } = after;
    this.find("edge").hidden = !edges;
    const edge = edges ? this.x(edges.reaching - edges.low + 1) : 0; // the tokens left of the edge are kept
    this.find("curve-edge").setAttribute("d", edges ? `M0,${100 - 100 * settings.top_p}H${edge}M${edge},0V100` : "");
    if (edges) {
      mark(this.find("edge"), edge, 0.02);
      setText(this.find("edge"), `p = ${showShare(settings.top_p)} → ${tokens(edges.reaching - edges.low)}`);
    }
    setText(this.find("nucleus-says"), nucleusSays(settings, edges));
  }

  /** Steps: at its place each token lifts the curve by its probability; far right many tokens share a step. */
  path(name, { low, high, weight, total }) {
    const mass = total ?? sum(weight, low, high);
    const parts = ["M0,100"];
    let [cumulative, place] = [0, 0];
    for (const n of this.counts) {
      for (; place < n; place++) if (place >= low && place < high) cumulative += weight[place];
      parts.push(`H${this.x(n).toFixed(2)}V${(100 - (100 * cumulative) / mass).toFixed(2)}`);
      if (place >= high) break;
    }
    return `${parts.join("")}H100`;
  }

  axis(n) {
    this.n = n;
    this.counts = [...new Set(range(0, 240, 1).map((i) => Math.round(n ** (i / 240))))];
    const ticks = this.find("x-ticks");
    ticks.replaceChildren();
    for (let power = 1; power <= n; power *= 10) add(ticks, "span", "", count(power)).style.left = `${this.x(power)}%`;
  }
}

function mark(element, x, y) {
  element.style.left = `${x}%`;
  element.classList.toggle("leftwards", x > 50);
  element.style.top = `${100 - 100 * Math.min(Math.max(y, INSIDE), 1 - INSIDE)}%`;
}

function nucleusSays({ top_p }, edges) {
  if (!edges) return "Switch top-p on to see where it cuts this curve.";
  const { reaching, reachingMass, within, withinMass, low } = edges;
  const p = showShare(top_p);
  const [set, other] = [`${tokens(reaching - low)} (${percent(reachingMass)})`, `${tokens(within - low)} (${percent(withinMass)})`];
  const stays = withinMass > top_p + 1e-12 ? ": the first alone has more, and one must stay" : "";
  return `Top-p here is the smallest set that reaches p = ${p}: ${set}. Read as “the largest set within p” it would be ${other}${stays}.`;
}

/** Why this token, with the numbers at hand. */
function whySays(after, place, u) {
  const p = after.p(place);
  const { weight, total, low, high } = after;
  let first = place; // of those as rare as this: equal ones before it too
  while (first > low && weight[first - 1] === weight[place]) first--;
  const above = sum(weight, low, place) / total;
  const [rare, rareTokens] = [sum(weight, first, high) / total, high - first];
  if (after.kept === 1) return "Only one token is left: every u draws it.";
  const digits = Math.min(Math.max(4, 1 - Math.floor(Math.log10(p))), 12); // enough to tell its ends apart
  const where = `u = ${u.toFixed(digits)} lies between ${above.toFixed(digits)} and ${(above + p).toFixed(digits)}: that stretch is this token's.`;
  if (place === after.low) return `${where} It is the most probable one, taken in ${often(p)}.`;
  return `${where} It alone has ${percent(p)}. But the ${tokens(rareTokens)} as rare as this or rarer have ${percent(rare)} together: ${often(rare)} end with one of them.`;
}
