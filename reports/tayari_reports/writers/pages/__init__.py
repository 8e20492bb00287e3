"""What the HTML pages are made of: templates and charts; and the page of many runs. It imports no writer."""
