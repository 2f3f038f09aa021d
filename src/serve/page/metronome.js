/* metronome.js - a beat that goes on while the page is hidden: timers of a hidden page are slowed down, a
 * worker's are not. It is told how many milliseconds apart, or 0 to stop. */
let timer = 0;

onmessage = ({ data }) => {
  clearInterval(timer);
  timer = data ? setInterval(() => postMessage(0), data) : 0;
};
