/* dom.js - the few things that every part of the page does with elements and colours. */
export const $ = (id) => document.getElementById(id);

export function make(tag, props = {}, ...children) {
  const element = Object.assign(document.createElement(tag), props);
  element.append(...children);
  return element;
}

/* Sets a text only where it is another: what is read aloud is what changed. */
export function say(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
}

/* Colours of app.css for canvases, as they are in light or dark; asked for many times a second. */
const dark = matchMedia('(prefers-color-scheme: dark)');
let colours = new Map();

export function colour(name) {
  if (!colours.has(name)) colours.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
  return colours.get(name);
}

/* Calls back when dark becomes light or light dark. */
export function onScheme(run) {
  dark.addEventListener('change', () => {
    colours = new Map();
    run();
  });
}
