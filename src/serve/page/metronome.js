/* metronome.js - a beat that goes on while the page is hidden: timers of a hidden page are slowed down, a
 * worker's are not. */
onmessage = ({ data }) => setInterval(() => postMessage(0), data);
