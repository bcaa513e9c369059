"""Names: made-up people are called like others, in many places of the world."""

from __future__ import annotations

__all__ = ["FEMALE", "MALE", "SURNAMES"]

# The frequent ones first.
_FEMALE = """
Emma Louise Jade Alice Chloé Lina Rose Anna Mila Léa Manon Inès Sarah Camille Julia Zoé Eva Nora
Clara Lucie Marie Sophie Claire Hannah Ella Ida Freya Maria Elena Sofia Carmen Laura Giulia Chiara
Aisha Fatima Yasmin Mei Yuki Olga
"""
_MALE = """
Gabriel Léo Raphaël Louis Arthur Jules Adam Lucas Hugo Noah Paul Victor Martin Théo Antoine Pierre
Nicolas Thomas Julien Marc David Daniel Oscar Felix Max Jonas Lars Erik Marco Luca Pablo Diego
Omar Karim Samir Wei Kenji Ivan Tomasz Andrei
"""
_SURNAMES = """
Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Simon Laurent Lefebvre
Michel Garcia David Bertrand Roux Vincent Fournier Morel Girard André Mercier Dupont Lambert
Bonnet François Martinez Legrand Garnier Faure Rousseau Blanc Guérin Muller Henry Roussel Nicolas
Perrin Müller Schmidt Weber Wagner Becker Rossi Russo Ferrari Bianchi Romano López Sánchez Pérez
Gómez Silva Santos Costa Jansen DeVries Bakker Peeters Novák Kowalski Nowak Nagy Popescu Ivanov
Larsen Hansen Nilsson Smith Jones Taylor Brown Khan Nguyen Chen Wang Tanaka Diallo
"""
FEMALE = tuple(_FEMALE.split())
MALE = tuple(_MALE.split())
SURNAMES = tuple(_SURNAMES.split())
