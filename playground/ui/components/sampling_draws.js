// ------------------------------------------------------------ the arithmetic of playground/core/sampling_draws.py

const LEVEL = 0.95;
const LEAST_EXPECTED = 5; // of a cell of the chi-square test

/** The places under these numbers, in ascending order, when tokens are laid end to end from the most probable. */
function drawnPlaces({ low, high, weight, total }, ascending) {
  let whole = 0;
  for (let i = low; i < high; i++) whole += weight[i] / total;
  let [place, end] = [low, weight[low] / total];
  return ascending.map((u) => {
    while (place < high - 1 && end <= u * whole) end += weight[++place] / total;
    return place;
  });
}

/** The central 95 % of the binomial distribution, exactly. */
function band(probability, draws) {
  if (probability > 0.5) {
    const [low, high] = quantiles(1 - probability, draws, (1 + LEVEL) / 2, (1 - LEVEL) / 2, true);
    return [draws - low, draws - high];
  }
  return quantiles(probability, draws, (1 - LEVEL) / 2, (1 + LEVEL) / 2, false);
}

function quantiles(p, draws, first, second, strict) {
  let term = (1 - p) ** draws;
  let below = 0;
  const found = [draws, draws];
  const reached = (level) => (strict ? below > level : below >= level);
  for (let count = 0; count <= draws && (found[0] === draws || found[1] === draws); count++) {
    below += term;
    [first, second].forEach((level, i) => {
      if (found[i] === draws && reached(level)) found[i] = count;
    });
    term *= ((draws - count) / (count + 1)) * (p / (1 - p));
  }
  return found;
}

/** Pearson's chi-square test of `counts` (by place) against the distribution. */
function goodness({ low, high, p }, counts, draws) {
  const cells = [];
  let rest = [draws, draws];
  for (let i = low; i < high && p(i) * draws >= LEAST_EXPECTED; i++) {
    cells.push([p(i) * draws, counts.get(i) ?? 0]);
    rest = [rest[0] - cells.at(-1)[0], rest[1] - cells.at(-1)[1]];
  }
  rest[0] = Math.max(rest[0], 0);
  if (rest[0] >= LEAST_EXPECTED || !cells.length) cells.push(rest);
  else cells.push(cells.pop().map((value, i) => value + rest[i]));
  const chiSquare = cells.reduce((total, [expected, counted]) => total + (counted - expected) ** 2 / expected, 0);
  const degrees = cells.length - 1;
  return { chiSquare, degrees, pValue: degrees ? chiSquareTail(chiSquare, degrees) : 1 };
}

function chiSquareTail(chiSquare, degrees) {
  const [a, x] = [degrees / 2, chiSquare / 2];
  if (x <= 0) return 1;
  let logGamma = degrees % 2 ? Math.log(Math.PI) / 2 : 0; // of 1/2, or of 1
  for (let half = degrees % 2 ? 0.5 : 1; half < a; half++) logGamma += Math.log(half);
  const front = Math.exp(a * Math.log(x) - x - logGamma);
  if (x < a + 1) {
    let [term, total] = [1 / a, 1 / a];
    for (let n = a + 1; term > total * 1e-16; n++) total += term *= x / n;
    return 1 - front * total;
  }
  let [c, d] = [1e300, 1 / (x + 1 - a)];
  let value = d;
  for (let n = 1; n < 10_000; n++) {
    const [even, odd] = [n * (a - n), x + 2 * n + 1 - a];
    d = 1 / (even * d + odd);
    c = odd + even / c;
    value *= c * d;
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return front * value;
}
