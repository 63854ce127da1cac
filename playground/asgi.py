"""What ``llm-playground run`` serves: the Streamlit app, and beside it the line on which a class hears of news."""

from pathlib import Path

import streamlit as st

from playground.classroom import news

app = st.App(Path(__file__).with_name("app.py"), routes=[news.route])
