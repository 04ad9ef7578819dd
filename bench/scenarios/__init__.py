"""What is measured. Each scenario takes a freshly started server and returns its figures."""
