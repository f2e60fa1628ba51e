/** Pages with a map: MapLibre in our style, live persons, replay. Talks with app.js by events on `document`. */
import "maplibre-gl/dist/maplibre-gl.css";
import "../components/map/map.css";
import "../components/map/command_map";
import "../components/track/track_replay";
import { startWhenReady } from "./module";

startWhenReady();
