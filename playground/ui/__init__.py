"""The only shared Streamlit code: shell, inputs bound to the URL, resources, waiting, components."""
