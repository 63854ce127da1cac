"""Lessons and rooms: what a class does with the pages. Knows no Streamlit and no model."""
