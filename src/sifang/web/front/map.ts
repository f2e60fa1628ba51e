import "maplibre-gl/dist/maplibre-gl.css";
import "../components/map/map.css";
