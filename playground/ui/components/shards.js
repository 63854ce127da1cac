// Every GPU as a column; a change of the data moves the slices to where they now belong.

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".shards");
  const many = data.columns.length > 8, shape = data.columns.length + "/" + data.bands.map((b) => b.name).join();
  if (root.dataset.shape !== shape) build(root, data);
  root.dataset.shape = shape;
  root.classList.toggle("many", many);
  root.classList.toggle("offloaded", data.bands.some((band) => band.host));
  legend(root.querySelector(".legend"), data);
  const readout = root.querySelector(".readout");
  readout.textContent = "";
  readout.dataset.hint = "Point at a slice: which parameters does it belong to?" +
    (data.each > 1 ? ` A column shows what its ${data.each} GPUs own together.` : "");
  data.columns.forEach((column, at) => {
    const gpu = root.querySelector(".gpus").children[at];
    gpu.classList.toggle("first", column.first);
    gpu.querySelector(".label").textContent = column.label;
    data.bands.forEach((band, row) => place(gpu, band, row, column.slices[band.name], readout, data.each === 1));
  });
}

function build(root, data) {
  root.querySelector(".gpus").replaceChildren(...data.columns.map(() => {
    const gpu = element("div", "gpu"), column = element("div", "column"), tray = element("div", "tray");
    for (const _ of data.bands) {
      const band = element("div", "band");
      for (let i = 0; i < 2; i++) {
        const slice = element("div", "slice");
        slice.style.top = "0%"; slice.style.height = "100%"; // everything is there until a stage cuts it
        band.append(slice, element("div", "name"));
      }
      column.append(band);
      tray.append(element("div", ""));
    }
    gpu.append(column, tray, element("div", "label"));
    return gpu;
  }));
  root.getBoundingClientRect(); // so that the first placing is a movement too
}

function legend(list, data) {
  list.replaceChildren(...data.bands.map((band) => {
    const entry = element("span", ""), mark = element("i", ""), name = element("b", "");
    mark.style.setProperty("--colour", band.colour);
    name.textContent = band.title;
    entry.append(mark, name, band.about);
    return entry;
  }));
}

function place(gpu, band, row, slices, readout, named) {
  const box = gpu.querySelector(".column").children[row], chip = gpu.querySelector(".tray").children[row];
  box.style.setProperty("--colour", band.colour);
  box.style.flexGrow = band.share;
  box.classList.toggle("host", band.host);
  chip.style.setProperty("--colour", band.colour);
  chip.classList.toggle("in", band.host);
  const tall = 304 * band.share;
  [0, 1].forEach((i) => {
    const [slice, name] = [box.querySelectorAll(".slice")[i], box.querySelectorAll(".name")[i]], told = slices[i];
    slice.hidden = name.hidden = !told;
    if (!told) return;
    slice.style.top = `${told.from}%`;
    slice.style.height = `${told.size}%`;
    slice.setAttribute("aria-label", told.say);
    slice.tabIndex = 0;
    slice.role = "img";
    slice.onpointerenter = slice.onfocus = slice.onclick = () => { readout.textContent = told.say; };
    chip.title = told.say;
    const inside = (told.size / 100) * tall >= 13, middle = told.from + told.size / 2;
    name.textContent = named ? told.name : "";
    name.style.color = inside && !band.host ? band.ink : "";
    const gap = 100 * 8 / tall; // beside a thin slice, on the side that has room
    name.style.top = inside ? `${middle}%` : `${middle < 50 ? told.from + told.size + gap : told.from - gap}%`;
  });
}

function element(tag, name) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  return made;
}
