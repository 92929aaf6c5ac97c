"""What is shown in a cell: exchanges in colour, diagrams, listings, the charts and tables of a run, sliders."""
