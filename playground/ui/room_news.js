// Hears on a websocket where the instructor is and goes there, or that something else is new in the room and has the
// fragment look. Where there is no such line (a proxy without websockets) it has it look by the clock.
const POLL_MS = 500, BACK_MS = 3000, REST_MS = 30;

export default function ({ data, setTriggerValue }) {
  const line = (window.__roomNews ??= {});
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
  if (data.place) soon(line, data.place);
  return () => { line.gone = setTimeout(() => close(line), BACK_MS); }; // the next page mounts it again
}

// Go to the place told last, or look. Not while the page runs: it sees what is new by itself, Streamlit may lose the end
// of a run that a fragment follows, and what a run still has to say of its address would undo the new one.
function soon(line, place) {
  line.place = place ?? line.place;
  clearTimeout(line.waits);
  const app = document.querySelector('[data-testid="stApp"]');
  if (app && app.dataset.testScriptState !== "notRunning") line.waits = setTimeout(() => soon(line), REST_MS);
  else if (line.place) go(line, line.place);
  else line.trigger();
}

// As if the Back button led there. Each place once, and never back to an earlier one.
function go(line, { to, mark }) {
  line.place = undefined;
  if (!line.follows || mark <= line.went) return;
  line.went = mark;
  const root = location.pathname.replace(/[^/]*$/, "");
  if (location.pathname === root + line.home) window.dispatchEvent(new Event("one-entry"));
  history.pushState(null, "", root + to);
  window.dispatchEvent(new PopStateEvent("popstate", { state: null }));
}

function open(line) {
  const address = new URL(location.pathname.replace(/[^/]*$/, "") + line.address, location.href);
  address.protocol = address.protocol.replace("http", "ws");
  const socket = (line.socket = new WebSocket(address));
  socket.onopen = () => clearInterval(line.clock);
  socket.onmessage = ({ data }) => soon(line, data ? JSON.parse(data) : undefined);
  socket.onclose = () => {
    if (line.socket !== socket) return;
    clearInterval(line.clock);
    line.clock = setInterval(() => soon(line), POLL_MS);
    line.again = setTimeout(() => open(line), 10 * BACK_MS);
  };
}

function close(line) {
  const socket = line.socket;
  line.address = line.socket = line.place = undefined;
  clearInterval(line.clock);
  clearTimeout(line.again);
  clearTimeout(line.waits);
  socket?.close();
}
