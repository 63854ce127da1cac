// Hands what changed in this rerun to the sampler (sampling.js), which may be drawn before or after.
const STATE = "llm-playground-sampling-state";

export default function ({ data }) {
  window[STATE] = data;
  document.dispatchEvent(new Event(STATE));
}
