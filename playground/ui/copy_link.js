// Copies the address of this page. Over plain http, away from localhost, there is no clipboard API: then the old way.
export default function ({ parentElement }) {
  const button = parentElement.querySelector("button"), status = parentElement.querySelector("span");
  button.textContent = "Copy the link";
  const byHand = (text) => {
    const field = document.createElement("textarea");
    field.value = text;
    field.setAttribute("readonly", "");
    field.style.cssText = "position:fixed;opacity:0";
    button.after(field); // beside the button: an open popover keeps the focus inside
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  };
  button.onclick = async () => {
    const text = location.href;
    let done = false;
    try {
      await navigator.clipboard.writeText(text);
      done = true;
    } catch {
      done = byHand(text);
    }
    status.textContent = done ? "Copied." : "Copy it from the browser's address bar.";
    setTimeout(() => { status.textContent = ""; }, 4000);
  };
}
