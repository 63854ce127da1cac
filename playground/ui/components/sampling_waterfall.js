// --------------------------------------------------------------------------------------- the chain, drawn as a waterfall

const OTHER = { transformers: "llama.cpp", "llama.cpp": "transformers" };
const SHORT = { repetition_penalty: "penalty", greedy: "greedy" };

/** The steps in order, each with the mass that it removes: a waterfall. */
function paintChain(element, settings, after) {
  const greedy = settings.temperature === 0;
  const by = Object.fromEntries(after.stages.map((stage) => [stage.name === "greedy" ? "temperature" : stage.name, stage]));
  const names = ORDERS[settings.order];
  if (element.childElementCount !== names.length + 1) {
    element.replaceChildren();
    for (let i = 0; i <= names.length; i++) {
      const row = add(element, "li", "step");
      add(row, "span", "step-name");
      const track = add(row, "span", "track");
      add(track, "i", "bar left");
      add(track, "i", "bar gone");
      add(row, "span", "did");
    }
  }
  let left = 1;
  const paint = (row, name, removed, says, off) => {
    const [label, track, text] = row.children;
    setText(label, name);
    setText(text, says);
    left -= removed;
    track.children[0].style.width = `${100 * left}%`;
    track.children[1].style.width = `${100 * removed}%`;
    row.classList.toggle("off", off);
  };
  names.forEach((name, i) => {
    const stage = by[name];
    const value = settings[name] === NEUTRAL[name] ? "" : ` ${BY_NAME[name].show(settings[name])}`;
    const says = stage ? briefly(stage) : value && greedy ? "skipped: greedy" : "off";
    paint(element.children[i], `${SHORT[name] ?? BY_NAME[name].label.toLowerCase()}${value}`, stage?.mass ?? 0, says, !stage);
  });
  const row = element.lastElementChild;
  row.classList.add("end");
  left = after.keptMass;
  paint(row, "left", 0, `${percent(after.keptMass)} · ${tokens(after.kept)}`, false);
}

const briefly = ({ tokens: removed, mass, moved }) => (removed ? `− ${percent(mass)} · ${count(removed)}` : moved ? `moves ${percent(moved)}` : "± 0");

/** Whether the order can matter: heat around a cut, or typical-p beside another. */
function orderMatters(settings) {
  const cuts = stepsOf({ ...settings, temperature: 1 }).filter((name) => name in CUTS);
  return cuts.length > 0 && (settings.temperature !== 1 || (cuts.length > 1 && cuts.includes("typical_p")));
}

/** How it matters here, in a line. */
function orderSays(settings, after, other) {
  const difference = other === after ? 0 : totalVariation(after, other);
  const whose = OTHER[settings.order] === "transformers" ? "transformers'" : "llama.cpp's";
  if (difference < 1e-12 && after.kept === other.kept) return `Here ${whose} order gives the same.`;
  return `Here ${whose} order keeps ${tokens(other.kept)} instead of ${count(after.kept)}, and at least ${percent(difference)} of all draws differ (total variation).`;
}

/** What the popular mistake gets wrong here. */
function mistakeSays(before, after, wrong) {
  const likeliest = after.ranked.rankOf[after.low];
  const [right, shown] = [after.of(likeliest), likeliest < wrong.n ? wrong.of(likeliest) : 0];
  const forgotten = sum(before.weight, wrong.n, before.high) / before.total;
  const unseen = `The other ${count(after.n - wrong.n)} tokens, ${percent(forgotten)} of the model's distribution, are treated as impossible before anything else is done.`;
  const difference = totalVariation(after, wrong);
  if (difference < 1e-12) return `${unseen} With these settings no such token is left anyway: the draw is the same, though each raw probability was shown ${(1 / (1 - forgotten)).toFixed(2)} times too high.`;
  return `${unseen} The likeliest token is shown with ${percent(shown)} instead of ${percent(right)} (× ${+(shown / right).toPrecision(3)}); ${count(wrong.kept)} instead of ${tokens(after.kept)} can be drawn, and at least ${percent(difference)} of all draws go to another token.`;
}
