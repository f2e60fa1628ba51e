/** Every page: styles, keys, clocks, live stream, queue, dialogs. The map is a bundle of its own. */
import "./styles/app.css";
import htmx from "htmx.org";
import "../components/clock/clock";
import "../components/copy/copy";
import "../components/dialog/dialog";
import "../components/fragment/fragment";
import "../components/live/counts";
import "../components/live/live";
import "../components/passkey/passkey";
import "../components/queue/queue";
import "../components/rows/rows";
import "../components/shell/shell";
import "../components/sound/sound";
import "../components/view_switch/view_switch";
import { startWhenReady } from "./module";

htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;
htmx.config.selfRequestsOnly = true;
htmx.config.historyCacheSize = 0; // person data is not kept in the browser

startWhenReady();
