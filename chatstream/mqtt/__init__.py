"""MQTT 5: the same Runs over a broker. `CHATSTREAM_MQTT_URL` turns it on."""
