// What the next pages need, fetched and compiled while the first one is read: one part after another, when the browser
// has nothing else to do. Streamlit asks for the same addresses later, and finds them there.
if (!window.__ahead) {
  window.__ahead = true;
  const root = location.pathname.replace(/[^/]*$/, "");
  const idle = window.requestIdleCallback ?? ((act) => setTimeout(act, 500));
  const fetchNext = ([name, ...others]) => {
    if (name) idle(() => import(root + name).catch(() => {}).then(() => fetchNext(others)), { timeout: 2000 });
  };
  if (!navigator.connection?.saveData) fetchNext(__PARTS__);
}
