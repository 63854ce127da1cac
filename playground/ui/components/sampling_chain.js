// ------------------------------------------------- the arithmetic of playground/core/sampling.py, over sorted scores
//
// Scores come from the highest down, so that each cut keeps a stretch of places [low, high). The repetition penalty
// changes the order: `rankOf[place]` is where a token stood before any setting, `placeOf[rank]` where it stands now.

const ORDERS = {
  transformers: ["repetition_penalty", "temperature", "top_k", "top_p", "min_p", "typical_p"],
  "llama.cpp": ["repetition_penalty", "top_k", "typical_p", "top_p", "min_p", "temperature"],
};
const NEUTRAL = { temperature: 1, top_k: 0, top_p: 1, min_p: 0, typical_p: 1, repetition_penalty: 1, order: "transformers" };
const MISTAKEN_TOKENS = 50;

/** The tokens as the model scored them; `previous`: ranks of those that are in the text already. */
function ranking(scores, ids, previous) {
  const same = Int32Array.from(scores, (_, i) => i);
  let high = scores.length;
  while (scores[high - 1] === -Infinity) high--;
  return { scores, ids, previous, rankOf: same, placeOf: same, high };
}

/** The first `count` of them, as if there were no others. */
function firstOf({ scores, ids, previous }, count) {
  return ranking(scores.slice(0, count), ids.slice(0, count), previous.filter((rank) => rank < count));
}

function penalised(base, penalty) {
  const { scores, ids } = base;
  const n = scores.length;
  const changed = base.previous.map((rank) => ({ rank, score: scores[rank] < 0 ? scores[rank] * penalty : scores[rank] / penalty }));
  changed.sort((a, b) => b.score - a.score || ids[a.rank] - ids[b.rank]);
  const moved = new Uint8Array(n);
  for (const { rank } of changed) moved[rank] = 1;
  const ranked = { ...base, scores: new Float64Array(n), rankOf: new Int32Array(n), placeOf: new Int32Array(n) };
  let next = 0;
  let place = 0;
  const put = (rank, score) => {
    ranked.scores[place] = score;
    ranked.rankOf[place] = rank;
    ranked.placeOf[rank] = place++;
  };
  for (let rank = 0; rank < n; rank++) {
    if (moved[rank]) continue;
    const before = ({ score, rank: other }) => score > scores[rank] || (score === scores[rank] && ids[other] < ids[rank]);
    for (; next < changed.length && before(changed[next]); next++) put(changed[next].rank, changed[next].score);
    put(rank, scores[rank]);
  }
  for (; next < changed.length; next++) put(changed[next].rank, changed[next].score);
  return ranked;
}

function stepsOf(settings) {
  const on = ORDERS[settings.order].filter((name) => settings[name] !== NEUTRAL[name]);
  return settings.temperature > 0 ? on : [...on.slice(0, on.indexOf("temperature")), "greedy"];
}

function sum(values, from, to) {
  let total = 0;
  for (let i = from; i < to; i++) total += values[i];
  return total;
}

/** An array of the store's by its name: while a slider moves, none is allocated. */
const array = (store, name, n) => (store[name]?.length === n ? store[name] : (store[name] = new Float64Array(n)));

/** The weights `exp(x - x[low])` of the places that are left; a softmax but for the division by their sum. */
function weigh(store, name, x, low, high) {
  const weight = array(store, name, x.length);
  for (let i = low; i < high; i++) weight[i] = Math.exp(x[i] - x[low]);
  return { x, weight, top: low, total: sum(weight, low, high) };
}

const CUTS = {
  greedy: (x, weight, low) => [low, low + 1],

  top_k(x, weight, low, high, k) {
    let left = Math.min(low + k, high);
    while (left < high && x[left] === x[left - 1]) left++; // equal to the k-th
    return [low, left];
  },

  top_p: (x, weight, low, high, p) => [low, nucleus(weight, low, high, p).reaching],

  min_p(x, weight, low, high, least) {
    const mass = sum(weight, low, high);
    const threshold = least * (weight[low] / mass);
    let left = high;
    while (left > low + 1 && weight[left - 1] / mass < threshold) left--;
    return [low, left];
  },

  typical_p(x, weight, low, high, wanted) {
    const mass = sum(weight, low, high);
    const logMass = Math.log(mass);
    const surprise = (i) => -(x[i] - x[low] - logMass);
    let expected = 0;
    for (let i = low; i < high; i++) if (weight[i] > 0) expected += (weight[i] / mass) * surprise(i);
    const distance = (i) => (i < low || i >= high ? Infinity : Math.abs(surprise(i) - expected));
    let right = low;
    while (right < high && surprise(right) < expected) right++;
    let left = right - 1;
    let last = 0;
    for (let kept = 0; kept < wanted && right - left - 1 < high - low; ) {
      last = Math.min(distance(left), distance(right));
      kept += weight[distance(left) <= distance(right) ? left-- : right++] / mass;
    }
    while (distance(left) <= last) left--;
    while (distance(right) <= last) right++;
    return [left + 1, right];
  },
};

/** Both readings of top-p: the first place outside the smallest set reaching p, and outside the largest within p. */
function nucleus(weight, low, high, p) {
  const mass = sum(weight, low, high);
  const found = { reaching: high, reachingMass: 1, within: low + 1, withinMass: weight[low] / mass };
  let below = 0;
  for (let place = high - 1; place > low; place--) {
    below += weight[place] / mass;
    if (below <= 1 - p) found.reaching = place;
    if (below <= 1 - p) found.reachingMass = 1 - below;
    if (below < 1 - p) continue;
    found.within = place;
    found.withinMass = 1 - below;
    break;
  }
  return found;
}

/** The distribution after the settings; `store` keeps its arrays until the next one is made in it. */
function distribution(base, settings, store = {}) {
  const n = base.scores.length;
  let ranked = base;
  let [low, high] = [0, base.high];
  let now = (base.weighed ??= weigh({}, "weight", base.scores, 0, high));
  let uncut = null; // what the first cut was given
  let edges = null; // of the nucleus, and what top-p was given
  const stages = [];
  for (const name of stepsOf(settings)) {
    if (name === "repetition_penalty") {
      if (store.penalty !== settings[name] || store.base !== base) {
        Object.assign(store, { penalty: settings[name], base, penalised: penalised(base, settings[name]) });
        store.penalised.weighed = weigh({}, "weight", store.penalised.scores, 0, high);
      }
      const before = now;
      [ranked, now] = [store.penalised, store.penalised.weighed];
      let moved = 0;
      for (let i = 0; i < high; i++) moved += Math.abs(now.weight[i] / now.total - before.weight[ranked.rankOf[i]] / before.total);
      stages.push({ name, tokens: 0, mass: 0, moved: moved / 2 });
    } else if (name === "temperature") {
      const before = { ...now, total: sum(now.weight, low, high) };
      const x = array(store, "x", n);
      for (let i = low; i < high; i++) x[i] = (now.x[i] - now.x[low]) / settings.temperature;
      now = weigh(store, "weight", x, low, high);
      let moved = 0;
      for (let i = low; i < high; i++) moved += Math.abs(now.weight[i] / now.total - before.weight[i] / before.total);
      stages.push({ name, tokens: 0, mass: 0, moved: moved / 2 });
    } else {
      uncut ??= { ...now, high };
      if (name === "top_p") edges = { ...nucleus(now.weight, low, high, settings.top_p), low, high, weight: now.weight };
      const [from, to] = CUTS[name](now.x, now.weight, low, high, settings[name]);
      const mass = (sum(uncut.weight, low, from) + sum(uncut.weight, to, high)) / uncut.total;
      stages.push({ name, tokens: high - low - (to - from), mass, moved: 0 });
      [low, high] = [from, to];
    }
  }
  const { weight } = now;
  const total = sum(weight, low, high);
  const p = (place) => (place >= low && place < high ? weight[place] / total : 0);
  let expected = 0; // of x: the entropy is ln Σ exp(x) - E[x], which needs no logarithm a token
  for (let i = low; i < high; i++) if (weight[i] > 0) expected += (weight[i] / total) * (now.x[i] - now.x[now.top]);
  return {
    n, low, high, weight, total, p, stages, edges, uncut, ranked,
    kept: high - low,
    keeps: (rank) => ranked.placeOf[rank] >= low && ranked.placeOf[rank] < high,
    of: (rank) => p(ranked.placeOf[rank]),
    entropy: Math.abs(Math.log(total) - expected) / Math.LN2,
    keptMass: uncut ? sum(uncut.weight, low, high) / uncut.total : 1,
  };
}

/** How much mass lies elsewhere in the other distribution: half the sum of all differences. Over the same tokens, or the first ones. */
function totalVariation({ weight, low, high, total, ranked }, other) {
  const { placeOf } = other.ranked;
  let difference = 0;
  for (let i = low; i < high; i++) {
    const place = ranked.rankOf[i] < other.n ? placeOf[ranked.rankOf[i]] : -1;
    const there = place >= other.low && place < other.high ? other.weight[place] / other.total : 0;
    difference += Math.max(weight[i] / total - there, 0);
  }
  return difference;
}
