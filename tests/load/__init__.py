"""Load: websocket sessions that speak Streamlit's protocol, on loopback, bounded in count and time."""
