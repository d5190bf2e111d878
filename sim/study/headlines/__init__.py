"""The headlines of a case: each as a small study, with a chart and two sentences."""
