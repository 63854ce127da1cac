// Hears on a websocket where the instructor is and goes there, or that something else is new in the room and has the
// fragment look. Where there is no such line (a proxy without websockets) it has it look by the clock.
const POLL_MS = 500, BACK_MS = 3000, REST_MS = 30, CALM_MS = 1000;

export default function ({ data, setTriggerValue }) {
  const line = (window.__roomNews ??= {});
  if (!line.trigger) for (const act of ["pointerdown", "keydown"])
    window.addEventListener(act, () => { line.since = performance.now(); }, true);
  line.trigger = () => setTriggerValue("look", Date.now());
  clearTimeout(line.gone);
  if (line.address !== data.line) {
    close(line);
    line.address = data.line;
    open(line);
  }
  // Who comes back to the class is sent to where it is, though they have been there.
  if (!data.follows || line.room !== data.line) line.went = 0;
  Object.assign(line, { follows: data.follows, room: data.line, home: data.room });
  if (data.place) hear(line, data.place);
  return () => { line.gone = setTimeout(() => close(line), BACK_MS); }; // the next page mounts it again
}

// Go to the place told last, or look. Not while the page runs: what a run still has to say of its address would undo the
// new one. To look, and to go where one has been sent before, waits until page and person have been calm for a while: a
// fragment that is asked for from a page just left blanks the next one, and it sends along inputs not drawn yet.
function hear(line, place) {
  if (place) line.place = place;
  else line.looks = true;
  if (!line.waits) line.since = performance.now();
  soon(line);
}

function soon(line) {
  clearTimeout(line.waits);
  const app = document.querySelector('[data-testid="stApp"]'), now = performance.now();
  const running = app && app.dataset.testScriptState !== "notRunning", fresh = line.place?.mark > line.went;
  if (running) line.since = now;
  if (running || (!fresh && now - line.since < CALM_MS)) {
    line.waits = setTimeout(() => soon(line), REST_MS);
    return;
  }
  const { place, looks } = line;
  line.waits = line.place = line.looks = undefined;
  if (!(place && went(line, place, fresh)) && looks) line.trigger();
}

// As if the Back button led there; once more if the browser is not there, unless its person went to the room's page.
function went(line, { to, mark }, fresh) {
  const root = location.pathname.replace(/[^/]*$/, ""), home = location.pathname === root + line.home;
  if (!line.follows || mark < line.went || (!fresh && (home || line.retried === mark || at(root + to)))) return false;
  if (!fresh) line.retried = mark; // a page whose address never is the same must not go for ever
  line.went = mark;
  if (home) window.dispatchEvent(new Event("one-entry"));
  history.pushState(null, "", root + to);
  window.dispatchEvent(new PopStateEvent("popstate", { state: null }));
  return true;
}

function at(address) {
  const there = new URL(address, location.href), said = (url) => [...new URLSearchParams(url.search)].sort().join("\n");
  return there.pathname === location.pathname && said(there) === said(location);
}

function open(line) {
  const address = new URL(location.pathname.replace(/[^/]*$/, "") + line.address, location.href);
  address.protocol = address.protocol.replace("http", "ws");
  const socket = (line.socket = new WebSocket(address));
  socket.onopen = () => clearInterval(line.clock);
  socket.onmessage = ({ data }) => hear(line, data ? JSON.parse(data) : undefined);
  socket.onclose = () => {
    if (line.socket !== socket) return;
    clearInterval(line.clock);
    line.clock = setInterval(() => hear(line), POLL_MS);
    line.again = setTimeout(() => open(line), 10 * BACK_MS);
  };
}

function close(line) {
  const socket = line.socket;
  clearInterval(line.clock);
  clearTimeout(line.again);
  clearTimeout(line.waits);
  line.address = line.socket = line.waits = line.place = line.looks = undefined;
  socket?.close();
}
