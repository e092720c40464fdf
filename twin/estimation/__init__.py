"""What measurements teach: belief corrected, parameters fitted, predictions scored."""
